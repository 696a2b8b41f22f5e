
# Take back: create the account that order $undoes deleted, with its number, home, shell and groups; its password is lost.
once
carried_out
look
want_uid=$(noted uid)
if [ "$found" = yes ]; then
	if [ "$uid_now" = "$want_uid" ]; then finish "$name is there"; fi
	die "there is an account $name already, uid $uid_now: look whose it is"
fi
have=,
while IFS=: read -r f1 f2 f3 f4 f5 f6 f7 || [ -n "$f1" ]; do
	if [ "$f3" = "$want_uid" ]; then die "the uid $want_uid is $f1's now"; fi
done <"$base/etc/passwd"
while IFS=: read -r f1 f2 f3 f4 || [ -n "$f1" ]; do
	have=$have$f1,$f3,
done <"$base/etc/group"
want_gid=$(noted gid)
set -f
IFS=,
groups=
for f1 in $(noted groups); do
	case $have in
	*",$f1,"*) groups=${groups:+$groups,}$f1 ;;
	*) say "the group $f1 is gone" ;;
	esac
done
unset IFS
set +f
keep created=yes "uid=$want_uid"
case $have in
*",$want_gid,"*) ;;
*)
	if [ "$(noted private)" = yes ]; then tool groupadd --gid "$want_gid" -- "$name"; else die "its primary group $want_gid is gone"; fi
	;;
esac
set -- --no-create-home --uid "$want_uid" --gid "$want_gid" --home-dir "$(noted home)" --shell "$(noted shell)" --comment "$(noted gecos)"
if [ -n "$groups" ]; then set -- "$@" --groups "$groups"; fi
if [ -n "$(noted expire)" ]; then set -- "$@" --expiredate "$(noted expire)"; fi
tool useradd "$@" -- "$name"
look
if [ "$uid_now" != "$want_uid" ]; then die "$name is not there with uid $want_uid"; fi
finish "$name is there again, without a password and as disabled as it was"
