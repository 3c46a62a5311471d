"""Every bar, in the order in which they are played."""
import crash
import rotate

BARS = [*crash.BARS, *rotate.BARS]
