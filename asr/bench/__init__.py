"""How well and at what price engines hear over a telephone: conditions, measuring, and the report.

`conditions` makes the telephone and its troubles, `measure` has engines take turns on what comes out of it, `figures`
sums up, `report`, `plots` and `page` show it. Nothing in here knows of flows: what is expected, and what was meant, a
caller hands in as a `measure.Question`.
"""
