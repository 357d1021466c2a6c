"""What the console answers by plain HTTP: sound, exports, the API. A file each, with a `router`."""
