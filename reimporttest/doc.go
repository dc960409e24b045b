// Package reimporttest runs a server for a test: the real one, in the process of the test, gone when the test ends.
//
//	func TestBusyDatabase(t *testing.T) {
//		srv := reimporttest.Run(t)
//		srv.Faults.Put(reimporttest.Fault{Operation: reimporttest.ResetImportStatus, First: 2, Status: 409})
//		if err := automation.Reset(srv.URL, srv.User, srv.Password, srv.HTTPClient()); err != nil {
//			t.Error(err)
//		}
//	}
//
// Each test has a server of its own, on a free port of 127.0.0.1, and tests may run in parallel. The first start in a process
// takes some 30 ms, and those that follow a millisecond.
//
// A test says what there is (Databases, Seed and their like), how imports go (Scripts), which requests fail (Faults), what time
// it is (Clock), and when the server dies (Kill, Restart). If it fails, its log has the exchanges with the server.
//
// docs/testing.md is the guide, and example_test.go has tests to begin with.
package reimporttest
