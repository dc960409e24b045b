package dataplane

// StampOf is for tests.
var StampOf = stampOf
