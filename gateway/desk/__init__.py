"""The designer's desk: flows checked, drawn, tried, tested by conversation, and measured on stored calls."""
