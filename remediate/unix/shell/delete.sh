
# Delete: the account's lines, never its files. It must be disabled first.
once
look
gone
present
if [ "$password" = open ] || ! expired; then die "$name is not disabled: disable first, delete later"; fi
group='' private=no groups=''
while IFS=: read -r f1 f2 f3 f4 || [ -n "$f1" ]; do
	if [ "$f3" = "$gid_now" ] && [ -z "$group" ]; then
		group=$f1
		if [ "$f1" = "$name" ]; then private=yes; fi
	fi
	members=$f4
	if member; then groups=${groups:+$groups,}$f1; fi
done <"$base/etc/group"
keep "uid=$uid_now" "gid=$gid_now" "group=$group" "private=$private" "groups=$groups" "gecos=$gecos" "home=$home" "shell=$shell" "expire=$expire"
uid_was=$uid_now home_was=$home
tool userdel -- "$name" # it refuses an account that is in use
look
if [ "$found" = yes ]; then die "$name is still there"; fi
say "its files stay: $home_was, mail and crontab; find / -xdev -uid $uid_was finds others"
finish "$name is deleted"
