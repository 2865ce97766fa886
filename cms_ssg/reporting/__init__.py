"""What is said to a person or a log while work goes on: progress, lines of plugins, crashes; without secrets."""
