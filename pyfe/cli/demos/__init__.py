"""The demos: one file a story, and the stage they are all played on (:mod:`pyfe.cli.demos.stage`).

Every story is a module with ``run(folder, *, say) -> dict``: three roles in three folders, bytes in between, a
table in words by ``say``, the same figures as the result. A new one is a module here and its name in
:class:`pyfe.cli.demo.Story`.
"""
