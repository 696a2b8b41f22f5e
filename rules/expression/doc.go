package expression

type Expression struct{}
