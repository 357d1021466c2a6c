"""The console: where QA staff hear the flagged calls, supervisors watch the service, designers see their flows.

A process of its own over the store, beside one gateway or many; it never sees a live call but in what is stored of it.
`app` puts it together, `door` lets people in, `visitor` says who they are and what they may, `frame` is around every
page, `pages` has a file for each of these.
"""
