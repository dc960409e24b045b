package client_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/reimport/reimport/client"
)

// exampleServer stands for a cluster whose database 1 ends its import as this body says.
func exampleServer(end string) *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/bdbs/1", playing(`{"uid":1,"import_status":"importing","import_progress":40}`, end))
	mux.HandleFunc("POST /v1/bdbs/1/actions/import", playing(""))
	mux.HandleFunc("GET /v1/cluster", playing(`{"name":"cluster.example.com","rack_aware":false}`))
	mux.HandleFunc("PUT /v1/bdbs/1/actions/import_reset_status", playing(""))
	mux.HandleFunc("PUT /v1/bdbs/7/actions/import_reset_status", answer(404, `{"error_code":"db_not_exist","description":"database does not exist"}`))
	return httptest.NewServer(mux)
}

func Example() {
	srv := exampleServer(`{"uid":1,"import_status":"succeeded","import_progress":100}`)
	defer srv.Close()
	ctx := context.Background()

	c, err := client.New(srv.URL, client.WithBasicAuth("admin@example.com", "password"),
		client.WithProgress(func(uid int, s client.ImportState) {
			fmt.Printf("database %d: %s %.0f%%\n", uid, s.Status, s.Progress)
		}))
	if err != nil {
		fmt.Println(err)
		return
	}
	dump, err := client.ParseSource("/mnt/backups/sessions.rdb")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = c.Import(ctx, 1, dump)
	fmt.Println("error:", err)
	// Output:
	// database 1: importing 40%
	// database 1: succeeded 100%
	// error: <nil>
}

func ExampleClient_WaitImport() {
	srv := exampleServer(`{"uid":1,"import_status":"failed","import_failure_reason":"file-corrupted"}`)
	defer srv.Close()
	ctx := context.Background()

	c, err := client.New(srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = c.WaitImport(ctx, 1, time.Millisecond, nil)
	var failed *client.ImportFailedError
	if errors.As(err, &failed) {
		fmt.Println("failed:", failed.Reason)
		fmt.Println("reset:", c.ResetImportStatus(ctx, failed.UID))
	}
	// Output:
	// failed: file-corrupted
	// reset: <nil>
}

func ExampleClient_Do() {
	srv := exampleServer("")
	defer srv.Close()

	c, err := client.New(srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	var cluster struct{ Name string }
	err = c.Do(context.Background(), http.MethodGet, "/v1/cluster", nil, &cluster)
	fmt.Println(cluster.Name, err)
	err = c.Do(context.Background(), http.MethodGet, "/v1/license", nil, new(json.RawMessage))
	fmt.Println(errors.Is(err, client.ErrNoSuchPath), err)
	// Output:
	// cluster.example.com <nil>
	// true GET /v1/license: the server has no such path: is its address right? (404)
}

func ExampleWithLog() {
	srv := exampleServer("")
	defer srv.Close()

	c, err := client.New(srv.URL, client.WithLog(func(_ context.Context, a client.Attempt) {
		fmt.Println(a.Method, a.Path, a.Status, a.Err)
	}))
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = c.ResetImportStatus(context.Background(), 1)
	_ = c.ResetImportStatus(context.Background(), 7)
	// Output:
	// PUT /v1/bdbs/1/actions/import_reset_status 200 <nil>
	// PUT /v1/bdbs/7/actions/import_reset_status 404 database does not exist (404 db_not_exist)
}

func ExampleClient_ResetImportStatus() {
	srv := exampleServer("")
	defer srv.Close()

	c, err := client.New(srv.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = c.ResetImportStatus(context.Background(), 7)
	fmt.Println(errors.Is(err, client.ErrNotFound), err)
	// Output: true reset import status of database 7: database does not exist (404 db_not_exist)
}
