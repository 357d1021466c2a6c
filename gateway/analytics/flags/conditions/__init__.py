"""What flags may ask of a call's course, one kind a module: its settings, and how it looks."""
