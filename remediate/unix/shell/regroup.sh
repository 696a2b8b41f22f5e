
# Take back: give the group the members that order $undoes found, as far as this account is concerned.
once
carried_out
look
find_group
if [ "$found" != yes ] || [ "$(noted uid)" != "$uid_now" ]; then die "$name is not the account any more that $undoes changed"; fi
if [ "$group_found" != yes ] || [ "$(noted gid)" != "$group_gid" ]; then die "$group is not the group any more that $undoes changed"; fi
want=$(noted members) now=$members
if [ "$now" = "$want" ]; then finish "$group is as it was before $undoes"; fi
keep "uid=$uid_now" "gid=$group_gid" "members=$now" "left_members=$want"
members=$want
if member; then
	members=$now
	exact=no # in the former order, unless others came or went since, or a member has no account
	if [ "$now" = "$(noted left_members)" ] && tool gpasswd --members "$want" -- "$group" >/dev/null 2>&1; then exact=yes; fi
	if [ "$exact" = no ] && ! member; then tool gpasswd --add "$name" -- "$group" >/dev/null; fi
	find_group
	if ! member; then die "$name is not in $group"; fi
	finish "$name is in $group again"
fi
members=$now
if member; then tool gpasswd --delete "$name" -- "$group" >/dev/null; fi
find_group
if member; then die "$name is still in $group"; fi
finish "$name is out of $group again"
