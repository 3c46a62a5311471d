"""Every bar, in the order in which they are played."""
import crash
import exposed
import guard
import many
import pressure
import reload
import rotate

BARS = [*crash.BARS, *rotate.BARS, *many.BARS, *pressure.BARS, *guard.BARS, *reload.BARS, *exposed.BARS]
