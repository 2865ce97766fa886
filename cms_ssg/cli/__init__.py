"""The command line: one file a noun, no logic. main.py starts it, output.py prints."""
