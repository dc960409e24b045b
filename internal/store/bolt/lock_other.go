//go:build !unix

package bolt

import "os"

// tryLock leaves it to bbolt to lock the file.
func tryLock(*os.File, bool) (bool, error) { return true, nil }

func unlock(*os.File) error { return nil }
