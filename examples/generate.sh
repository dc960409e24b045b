#!/bin/sh
# Makes sessions.rdb, a dump of a real redis-server, and broken.rdb, the same with one bit flipped in its middle:
# its structure is still right, so that only the checksum tells.
set -eu
cd "$(dirname "$0")"
dir=$(mktemp -d)
redis-server --port 0 --unixsocket "$dir/redis.sock" --dir "$dir" --dbfilename sessions.rdb --save "" --daemonize yes --pidfile "$dir/pid" >/dev/null
cli() { redis-cli -s "$dir/redis.sock" "$@" >/dev/null; }
until cli ping 2>/dev/null; do :; done
i=0
while [ $i -lt 500 ]; do
	i=$((i + 1))
	echo "SET session:$i token-$i-0123456789abcdef"
	echo "HSET user:$i name user-$i visits $i"
done | cli
cli ZADD leaderboard 10 ada 20 grace 30 barbara
cli RPUSH queue one two three
cli SADD tags red green blue
cli XADD events 1-1 type login user 1
cli SAVE
kill "$(cat "$dir/pid")"
cp "$dir/sessions.rdb" .
python3 - <<'PY'
data = bytearray(open("sessions.rdb", "rb").read())
at = data.index(b"token-250-0123") + 8
data[at] ^= 1
open("broken.rdb", "wb").write(data)
PY
rm -r "$dir"
