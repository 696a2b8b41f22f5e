# Muster's commands. Each does its own set-up on a fresh machine that has Go, make and npm.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo test bench lint build golden lab crash spoof runaway tamper setup setup-test clean

export CGO_ENABLED ?= 0
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
ENGINE := deploy/engine/node_modules/.package-lock.json
DEMO := bin/muster nightly --config examples/acme/muster.yaml --data-dir .muster/acme

help: ## list the commands
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(ENGINE): deploy/engine/package-lock.json
	npm ci --prefix deploy/engine --no-audit --no-fund --loglevel=error
	@touch $@

setup: $(ENGINE) ## fetch the embedded engine

build: ## compile bin/muster
	go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/muster ./cmd/muster

demo: setup build ## run a nightly reconciliation of the demo organisation
	@echo '$$ $(DEMO)'
	@code=0; $(DEMO) || code=$$?; \
	case $$code in 0|2|3) ;; *) exit $$code;; esac; \
	echo; echo "Go on by hand, for example:"; \
	echo "  bin/muster findings --config examples/acme/muster.yaml --data-dir .muster/acme"

setup-test: setup ## install the servers and tools that the tests run against
	@.ci/setup

# Changing packs and verifying them, one after the other, takes 25 minutes with the race detector; what it calls is raced in its own packages.
ONE_BY_ONE := muster/internal/drill/tamper

test: setup-test lint ## run every test, with the race detector where it can find something
	CGO_ENABLED=1 go test -race -timeout 80m $$(go list ./... | grep -vxF $(ONE_BY_ONE))
	go test -timeout 60m $(ONE_BY_ONE)

lint: ## vet, staticcheck and the house rules
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not formatted:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	go vet ./...
	go tool staticcheck ./...
	go test ./internal/archtest

bench: setup-test build ## measure; ONLY=name runs one figure
	go run ./internal/bench $(if $(ONLY),-only $(ONLY)) -out bench.json

golden: ## rewrite the golden files after a wanted change
	go test $$(git grep -l 'flag.Bool("update"' -- '*_test.go' | xargs -n1 dirname | sort -u | sed 's,^,./,') -update
	go run ./internal/orggen/cmd -persons 2000 -seed 2026 -host -data-dir ../../.muster/acme -dir examples/acme

lab: setup-test build ## start slapd, a SCIM server and PostgreSQL loaded with the demo organisation
	go run ./internal/lab

KILLS ?= 1000

crash: setup-test build ## kill the process that changes systems at every step and KILLS times at random, then count
	go run ./internal/drill crash -kills $(KILLS)

spoof: setup-test build ## try to have decisions taken that nobody made: forged, stale, foreign, own, replayed
	go run ./internal/drill spoof

tamper: setup-test build ## change evidence packs in every way that is known, then count what the verification finds
	go run ./internal/drill tamper

runaway: setup-test build ## feed it bad news of every kind while every rule may act by itself
	go run ./internal/drill runaway

clean: ## remove what was built and the demo's data
	rm -rf bin .muster bench.json
