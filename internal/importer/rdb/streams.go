package rdb

// stream walks a stream. Its format grew with Redis: 1 is 5.0's, 2 is 7.0's, 3 is 7.2's, 4 is 8.6's, 5 is
// 8.8's.
func (s *Scanner) stream(format int) {
	in := &s.in
	s.mem += objectSize + streamSize
	for n := in.length(); n > 0 && in.err == nil; n-- {
		at := in.offset()
		if size, _ := in.skipString(); size != 16 {
			in.fail(at, ErrCorrupt, "expected a stream id of 16 bytes, found %d", size)
		}
		s.mem += radixNode + allocated(in.blob(blobListpack))
	}
	in.length()  // entries
	s.streamID() // the last one
	if format >= 2 {
		s.streamID() // the first one
		s.streamID() // the highest deleted one
		in.length()  // entries ever added
	}
	for n := in.length(); n > 0 && in.err == nil; n-- {
		s.group(format)
	}
	if format >= 4 {
		s.producers()
	}
}

func (s *Scanner) streamID() {
	s.in.length()
	s.in.length()
}

func (s *Scanner) group(format int) {
	in := &s.in
	s.mem += groupSize + sds(in.skipString())
	s.streamID() // the last one delivered
	if format >= 2 {
		in.length() // entries read
	}
	for n := in.length(); n > 0 && in.err == nil; n-- {
		in.take(16 + 8) // id and time of delivery
		in.length()     // deliveries
		s.mem += pendingEntry + radixNode
	}
	for n := in.length(); n > 0 && in.err == nil; n-- {
		s.consumer(format)
	}
	if format >= 5 {
		for n := in.length(); n > 0 && in.err == nil; n-- {
			in.take(16) // an entry that was given back and waits for a consumer
		}
	}
}

func (s *Scanner) consumer(format int) {
	in := &s.in
	s.mem += consumerSize + sds(in.skipString())
	in.take(8) // last seen
	if format >= 3 {
		in.take(8) // last active
	}
	for n := in.length(); n > 0 && in.err == nil; n-- {
		in.take(16)
		s.mem += radixNode
	}
}

// producers are what 8.6 remembers of idempotent ones: for each, the ids of its messages and of the entries they became.
func (s *Scanner) producers() {
	in := &s.in
	in.length() // seconds that an id is remembered
	in.length() // ids remembered for a producer
	for n := in.length(); n > 0 && in.err == nil; n-- {
		s.mem += groupSize + sds(in.skipString())
		for ids := in.length(); ids > 0 && in.err == nil; ids-- {
			s.mem += dictEntry + pendingEntry + sds(in.skipString())
			s.streamID()
		}
	}
	in.length() // ids ever added
	in.length() // duplicates ever seen
}
