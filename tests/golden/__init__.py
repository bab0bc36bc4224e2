"""Objects written by an earlier version, and what they must give for ever."""
