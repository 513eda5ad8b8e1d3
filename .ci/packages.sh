# Sourced by quickstart and tests/run: installs from Debian what a task needs and lacks.
#
#   need build          what compiles Weir
#   need_packages P...  any other packages, by name

build_packages="gcc libc6-dev cmake ninja-build pkg-config libevent-dev libssl-dev libsqlite3-dev
libyaml-dev libcurl4-openssl-dev libjansson-dev zlib1g-dev libpq-dev libhiredis-dev curl
ca-certificates tzdata"

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo > /dev/null; then
		sudo "$@"
	else
		echo "$0: installing packages needs root or sudo: $*" >&2
		return 1
	fi
}

missing_packages() {
	local package
	for package in $(printf '%s\n' "$@" | sort -u); do
		dpkg-query -W -f='${Status}' "$package" 2> /dev/null |
			grep -q 'ok installed' || printf '%s ' "$package"
	done
}

need_packages() {
	local missing
	missing=$(missing_packages "$@")
	[ -z "$missing" ] && return 0
	echo "installing from Debian's packages: $missing"
	as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
		as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
			--no-install-recommends $missing > /dev/null
}

need() {
	case $1 in
	build) need_packages $build_packages ;;
	*) echo "need: what is '$1'?" >&2 && return 2 ;;
	esac
}
