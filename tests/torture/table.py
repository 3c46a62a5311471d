"""Every bar, in the order in which they are played."""
import crash

BARS = [*crash.BARS]
