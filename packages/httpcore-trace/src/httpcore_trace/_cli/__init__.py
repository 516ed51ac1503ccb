"""The command line: sends requests and shows what they did."""
