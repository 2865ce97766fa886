// Tells that a variant was seen, and that a goal was reached.
