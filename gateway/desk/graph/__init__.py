"""A flow drawn: as a Mermaid flowchart, or as one page to look around in."""
