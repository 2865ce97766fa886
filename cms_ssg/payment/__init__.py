"""Payments: providers behind one protocol, what they report, and refunds. What is paid is known by the vertical that sells it."""
