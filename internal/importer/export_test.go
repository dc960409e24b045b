package importer

import "time"

// ReportEvery is the time between two notes of the progress, unless a test sets another.
const ReportEvery = reportEvery

// SetReportEvery sets the time between two notes of the progress of imports that begin later.
func (im *Importer) SetReportEvery(d time.Duration) { im.reportEvery = d }

// SetReachWithin sets how long imports that begin later wait for a database that cannot be reached.
func (im *Importer) SetReachWithin(d time.Duration) { im.reachWithin = d }
