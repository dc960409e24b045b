package conform

// shape is what is known of an object of real answers: the JSON types of its members.
type shape map[string]string

var recordedBDB, recordedModule = shape{}, shape{}

func (t *trial) fits(o object, s shape) error { return nil }
