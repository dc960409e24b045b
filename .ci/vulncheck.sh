#!/bin/sh
# vulncheck.sh DATABASE: fails if the code can reach a vulnerability of the database that vulnerabilities.txt does not
# list, and if that lists one that the code does not reach.
set -eu
cd "$(dirname "$0")/.."
list=.ci/vulnerabilities.txt

if grep -nvE '^GO-[0-9]{4}-[0-9]+ [^ ]+ .+' $list; then
	echo "$list: expected lines of an identifier and a reason"
	exit 1
fi
status=0
report=$(bin/govulncheck -db "file://$1" ./...) || status=$? # 3 if anything is reached
found=$(echo "$report" | sed -n 's/^Vulnerability #[0-9]*: //p')
case $status,$found in
0, | 3,GO-*) ;;
*)
	echo "$report"
	echo "govulncheck ended with $status, and these were read in its report: ${found:-none}"
	exit 1
	;;
esac
for id in $found; do
	grep -q "^$id " $list || {
		echo "$report"
		echo "$id is reached, and $list does not list it"
		status=1
	}
done
for id in $(cut -d ' ' -f 1 $list); do
	echo "$found" | grep -qx "$id" || {
		echo "$list: $id is not reached: drop its line"
		status=1
	}
done
test $status != 1
