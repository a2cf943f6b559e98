"""A practice to try oobsite on: a real MariaDB with invented patients, and its folders.

Nothing here imports Django, and nothing here touches real data.
"""
