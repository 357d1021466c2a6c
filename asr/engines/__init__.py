"""The engines behind `asr.registry`: one file each."""
