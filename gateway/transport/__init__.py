"""How a call reaches us: a `Leg` per party, whatever the network behind it."""
