
# From here on every order of its kind is the same.

say() { printf '%s: %s\n' "$order" "$1"; }
die() { printf '%s: not done: %s\n' "$order" "$1" >&2; exit 1; }
by_hand() { printf '%s: by hand: %s\n' "$order" "$1"; exit 3; }

# tool runs a tool of shadow-utils on the files below $base.
tool() {
	tool=$1
	shift
	if [ -n "$base" ]; then set -- --root "$base" "$@"; fi
	"$tool" "$@"
}

# look reads the account as it is now, from the files that the tools change.
look() {
	found=no shadowed=no uid_now='' gid_now='' gecos='' home='' shell='' password='' expire=''
	while IFS=: read -r f1 f2 f3 f4 f5 f6 f7 || [ -n "$f1" ]; do
		if [ "$f1" = "$name" ]; then
			found=yes uid_now=$f3 gid_now=$f4 gecos=$f5 home=$f6 shell=$f7
			break
		fi
	done <"$base/etc/passwd"
	while IFS=: read -r f1 f2 f3 f4 f5 f6 f7 f8 f9 || [ -n "$f1" ]; do
		if [ "$f1" = "$name" ]; then
			shadowed=yes expire=$f8
			case $f2 in
			'') password=empty ;;
			'!' | '!!' | '*' | '!*') password=none ;;
			'!'*) password=locked ;;
			*) password=open ;;
			esac
			break
		fi
	done <"$base/etc/shadow"
	f2='' # the hash is not kept
}

# same stops when the account is not the one that the order is for.
same() {
	if [ -n "$uid" ] && [ "$uid_now" != "$uid" ]; then die "$name has the uid $uid_now, the order is for $uid: it is another account"; fi
}

# present stops when there is no account, or not that one, or nothing to lock it with.
present() {
	if [ "$found" != yes ]; then die "there is no account $name in $base/etc/passwd"; fi
	same
	if [ "$shadowed" != yes ]; then die "$name has no line in $base/etc/shadow"; fi
}

# gone ends when there is no account: what takes access away is done then.
gone() {
	if [ "$found" != yes ]; then already "there is no account $name"; fi
	same
}

expired() {
	case $expire in
	'') return 1 ;;
	*[!0-9]*) die "the expiry of $name in $base/etc/shadow is no number of days: $expire" ;;
	esac
	[ "$expire" -le "$(($(date -u +%s) / 86400))" ]
}

# find_group reads the entitlement's group.
find_group() {
	group_found=no group_gid='' members=''
	while IFS=: read -r f1 f2 f3 f4 || [ -n "$f1" ]; do
		if [ "$f1" = "$group" ]; then
			group_found=yes group_gid=$f3 members=$f4
			break
		fi
	done <"$base/etc/group"
	if [ "$group_found" = yes ] && [ -n "$gid" ] && [ "$group_gid" != "$gid" ]; then
		die "$group has the gid $group_gid, the order is for $gid: it is another group"
	fi
}

member() {
	case ",$members," in
	*",$name,"*) return 0 ;;
	esac
	return 1
}

# keep notes what was there before, one key=value a line, so that the order can be taken back.
keep() {
	printf '%s\n' "$@" >"$base$notes/$order.new"
	mv -f "$base$notes/$order.new" "$base$notes/$order"
}

# noted prints what the order $undoes noted under a key.
noted() {
	while IFS= read -r f1 || [ -n "$f1" ]; do
		case $f1 in
		"$1="*)
			printf '%s' "${f1#*=}"
			return 0
			;;
		esac
	done <"$base$notes/$undoes"
}

# once stops when the order has been carried out before.
once() {
	if [ -e "$base$notes/$order.undone" ]; then die "it was done and taken back since"; fi
	if [ -e "$base$notes/$order.done" ]; then already "it was carried out before"; fi
}

# carried_out ends when the order $undoes has left nothing to take back.
carried_out() {
	if [ ! -f "$base$notes/$undoes" ]; then
		say "order $undoes was not carried out here, or changed nothing: nothing to take back"
		exit 0
	fi
}

# already ends an order that has nothing to change, for good: what changes later is another order's.
already() {
	mark
	say "$1: nothing to do"
	exit 0
}

mark() { : >"$base$notes/$order.done"; }

finish() {
	if [ -n "$undoes" ]; then
		rm -f "$base$notes/$undoes.done"
		mv -f "$base$notes/$undoes" "$base$notes/$undoes.undone"
	fi
	mark
	say "done: $1"
	exit 0
}

if [ "$(id -u)" != 0 ]; then die 'run it as root'; fi
if [ -n "$host" ]; then
	here=$(uname -n)
	if [ "${here%%.*}" != "$host" ]; then die "it is an order for $host, this is $here"; fi
fi
if [ ! -r "$base/etc/passwd" ] || [ ! -r "$base/etc/shadow" ] || [ ! -r "$base/etc/group" ]; then die "$base/etc has no passwd, shadow and group"; fi
mkdir -p "$base$notes"
if [ -L "$base$notes" ] || [ -z "$(find "$base$notes" -prune -user 0 ! -perm -020 ! -perm -002)" ]; then die "$base$notes must be root's alone"; fi
