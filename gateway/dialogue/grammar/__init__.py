"""What the caller meant: menu phrases matched by sound, and values heard in free speech."""
