"""Owns evaluation: pure functions over plain values that answer a cell, the command line and the server alike."""
