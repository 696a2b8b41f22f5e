
# Remove from the group.
once
look
gone
find_group
if [ "$group_found" != yes ]; then already "there is no group $group"; fi
if [ "$gid_now" = "$group_gid" ]; then by_hand "$group is the primary group of $name: give it another one with usermod --gid"; fi
if ! member; then already "$name is not in $group"; fi
left=
set -f
IFS=,
for f1 in $members; do
	if [ "$f1" != "$name" ]; then left=${left:+$left,}$f1; fi
done
unset IFS
set +f
keep "uid=$uid_now" "gid=$group_gid" "members=$members" "left_members=$left"
tool gpasswd --delete "$name" -- "$group" >/dev/null
find_group
if member; then die "$name is still in $group"; fi
finish "$name is out of $group; sessions that are open keep the group until they end"
