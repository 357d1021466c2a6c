"""voice-gateway: a voice IVR and speech analytics gateway for Chinese service hotlines.

THE MAP. Data runs in a circle: a caller's sound comes in through `transport`, `speech` turns it into facts, `dialogue`
decides, `prompts` speaks, `call` closes the circle, `store` remembers. Designers work at `desk`: they check, draw, try,
test and measure their flows there. Imports run in a line: a package may import
only from layers below its own (packages that share a layer don't know each other). `tests/unit/test_layers.py` holds
this table true, counting type-checking imports too.
"""

LAYERS: tuple[tuple[str, ...], ...] = (
    ("asr",),
    (
        "gateway.errors",
        "gateway.events",
        "gateway.findings",
        "gateway.clock",
        "gateway.strict",
        "gateway.tasks",
        "gateway.privacy",
    ),
    ("gateway.media", "gateway.dialogue", "gateway.bus", "gateway.store"),
    ("gateway.transport", "gateway.speech", "gateway.prompts"),
    ("gateway.call",),
    ("gateway.analytics", "gateway.delivery", "gateway.desk"),
    ("gateway.console",),
    (
        "gateway.app",
        "gateway.cli",
        "gateway.engines",
        "gateway.hotline",
        "gateway.records",
        "gateway.reload",
        "gateway.scraping",
        "gateway.service",
        "gateway.settings",
        "gateway.upkeep",
    ),
)
"""From the bottom up. `gateway.errors` .. `gateway.privacy`, and `app` .. `settings`, may import each other."""
