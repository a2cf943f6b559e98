"""Restores that end in the old or in the new data, whatever dies in the middle.

What a service uses, in the order of a restore; each module says more:

- ``check.check_datadir``, ``check.check_folder``, ``check.list_clients``: before anything is touched.
- ``settle.restoring``: the context of one restore, a stage folder in the data folder.
- ``fill.fill_datadir``, ``fill.fill_folder``: unpack an archive there. ``account.judge_account`` on the server of
  its proof: will we be let in afterwards?
- ``swap.swap_datadir`` with ``swap.Hands`` (made of ``startup.ask_to_stop`` and ``startup.require_started``),
  ``folders.swap_folder``: the exchange, and back when the test fails. The old data are kept.
- ``undo.undo_datadir``, ``undo.undo_folder``, ``undo.release``, ``stage.list_restores``: what is kept.
- ``recover.recover``, then ``undo.complete_datadir`` for what is only placed: after a crash, before anything else.

``journal``, ``exchange``, ``gates``, ``stage``, ``settle`` and ``recover`` need nothing but the standard library, so
that a recovery works when nothing else does. Nothing is imported here for the same reason.
"""
