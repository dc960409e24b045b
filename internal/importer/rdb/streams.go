package rdb

// stream walks a stream. Its format grew with Redis: 1 is 5.0's, 2 is 7.0's, 3 is 7.2's, 4 is 8.6's, 5 is
// 8.8's.
func (s *Scanner) stream(format int) {
	in := &s.in
	s.mem += objectSize + streamSize
	ids := s.elements.open()
	nodes := in.length()
	for n := nodes; n > 0 && in.err == nil; n-- {
		s.streamNode(&ids)
	}
	if at := in.offset(); in.length() > 0 && nodes == 0 {
		in.fail(at, ErrCorrupt, "expected a stream without entries, as it has no listpack of them")
	}
	s.streamID() // the last one
	if format >= 2 {
		s.streamID() // the first one
		s.streamID() // the highest deleted one
		in.length()  // entries ever added
	}
	groups := s.elements.open()
	for n := in.length(); n > 0 && in.err == nil; n-- {
		s.group(&groups, format)
	}
	if format >= 4 {
		s.producers()
	}
}

func (s *Scanner) streamNode(ids *set) {
	in := &s.in
	at := in.offset()
	if size, _ := s.unique(ids, "stream id"); size != 16 {
		in.fail(at, ErrCorrupt, "expected a stream id of 16 bytes, found %d", size)
	}
	at = in.offset()
	size := in.blob(blobListpack)
	if size <= emptyListpack {
		in.fail(at, ErrCorrupt, "expected a listpack of stream entries, found an empty one")
	}
	s.mem += radixNode + allocated(size)
}

func (s *Scanner) streamID() {
	s.in.length()
	s.in.length()
}

func (s *Scanner) group(groups *set, format int) {
	in := &s.in
	s.mem += groupSize + sds(s.unique(groups, "group"))
	s.streamID() // the last one delivered
	if format >= 2 {
		in.length() // entries read
	}
	pending := s.elements.open()
	for n := in.length(); n > 0 && in.err == nil; n-- {
		s.uniqueID(&pending, "pending entry")
		in.take(8)  // time of delivery
		in.length() // deliveries
		s.mem += pendingEntry + radixNode
	}
	consumers, owned := s.elements.open(), s.elements.open()
	for n := in.length(); n > 0 && in.err == nil; n-- {
		s.consumer(&consumers, &pending, &owned, format)
	}
	if format >= 5 {
		for n := in.length(); n > 0 && in.err == nil; n-- {
			in.take(16) // an entry that was given back and waits for a consumer
		}
	}
}

func (s *Scanner) consumer(consumers, pending, owned *set, format int) {
	in := &s.in
	s.mem += consumerSize + sds(s.unique(consumers, "consumer"))
	in.take(8) // last seen
	if format >= 3 {
		in.take(8) // last active
	}
	for n := in.length(); n > 0 && in.err == nil; n-- {
		at := in.offset()
		id := in.take(16)
		if id != nil && in.strict && (s.elements.lacks(pending, id) || !s.elements.add(owned, id)) {
			in.fail(at, ErrCorrupt, "expected an entry that is pending in the group, and of one consumer")
		}
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
