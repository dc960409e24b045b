// Package client talks to a Redis Software cluster, or to a reimport server, about databases and the import of RDB
// files into them: import a file, wait for the end, and put import_status back to idle.
//
//	c, err := client.New("https://localhost:9443", client.WithBasicAuth("admin@example.com", password))
//	if err != nil {
//		return err
//	}
//	dump, err := client.ParseSource("/mnt/backups/sessions.rdb")
//	if err != nil {
//		return err
//	}
//	_, err = c.Import(ctx, 1, dump)
//	if errors.Is(err, client.ErrImportFailed) {
//		err = c.ResetImportStatus(ctx, 1)
//	}
//
// An operation without a method here is a matter of Do.
//
// # Errors
//
// What the server refuses comes back as an *Error, which errors.Is compares with the sentinels of this package. The text
// begins with the call: "reset import status of database 99: database does not exist (404 db_not_exist)". A 404 is
// ErrNotFound if a database or a module does not exist, and ErrNoSuchPath if the address is not that of the API.
//
// A database that is busy (409) is asked again, with growing pauses, for 15 seconds; nothing else is ever repeated.
//
// Redirects are not followed. A node that is not its cluster's primary answers 307 with an internal address, and the
// credentials are not for whoever answers there: the error, ErrRedirect, names the host to use instead.
//
// # Answers
//
// Clusters differ in what they answer. A call needs some members of an answer to be of the type that the contract gives
// them, if they are there, and fails with ErrUnexpectedBody otherwise. No other member can break it:
//
//	ListDatabases, GetDatabase, CreateDatabase, UpdateDatabase    uid
//	WaitCreated                                                   uid
//	ImportStatus, WaitImport                                      import_status, import_progress, import_failure_reason
//	StartImport, ResetImportStatus, DeleteDatabase,
//	CheckAvailability                                             none; the body is empty or an object
//	ListModules, GetModule                                        uid
package client
