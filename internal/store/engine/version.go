package engine

// Version is the release of the npm package that deploy/engine pins: ClickHouse's own number and the build of the library.
const Version = "26.7.3-stable.1"
