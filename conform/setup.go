package conform

// Users of the set-up of a run.
const (
	nobodyUser    = "nobody@example.com"
	setUpPassword = "conform"
)
