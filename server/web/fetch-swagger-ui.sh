#!/bin/sh
# Fetches the two files of swagger-ui that /docs needs and checks them against the hash that was reviewed with this
# version. The compressed files are committed, so a build needs neither this script nor node.
# To take another version, change both lines, run it, and look at /docs.
set -eu

version=5.35.0
sha512=U06rpMtW9V3XPGOBeamTUSr0Z09jMX4IJuANpE/EZbAhw0G8CgwrzU4YmXkn/h0wCDNsXdGarTNNHC3sU8yVUQ==

out=$(cd "$(dirname "$0")" && pwd)/swagger-ui
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"

# Not `npm install`: that would run scripts and fetch a package for analytics besides.
tarball=$(npm pack "swagger-ui-dist@$version" --ignore-scripts --silent)
got=$(openssl dgst -sha512 -binary "$tarball" | openssl base64 -A)
test "$got" = "$sha512" || { echo "swagger-ui-dist@$version: sha512 is $got, expected $sha512" >&2; exit 1; }

tar -xzf "$tarball"
for file in swagger-ui-bundle.js swagger-ui.css; do
	gzip -9n <"package/$file" >"$out/$file.gz"
done
cp package/LICENSE package/NOTICE package/swagger-ui-bundle.js.LICENSE.txt "$out/"
