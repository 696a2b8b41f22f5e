
set -u
umask 077
PATH=/usr/sbin:/usr/bin:/sbin:/bin
LC_ALL=C
export PATH LC_ALL
cd -- "$(dirname -- "$0")" || exit 1
ok=0 hand='' failed=''

# run carries out one order, when its file is the one that was listed.
run() {
	sum=$(sha256sum <"$1.sh") || sum=
	if [ "${sum%% *}" != "$2" ]; then
		printf '%s: not done: %s.sh is not the file that was listed\n' "$1" "$1" >&2
		failed="$failed $1"
		return
	fi
	sh "./$1.sh"
	case $? in
	0) ok=$((ok + 1)) ;;
	3) hand="$hand $1" ;;
	*) failed="$failed $1" ;;
	esac
}

