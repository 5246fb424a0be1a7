package web

import "net/http"

// ProblemPrefix begins the types of problems, which are addresses too.
const ProblemPrefix = "/problems/"

// ProblemKind explains a kind of problem to people.
type ProblemKind struct {
	// Name is the end of Problem.Type: "invalid".
	Name string
	// Status is the HTTP status that comes with it.
	Status int
	// Text says what it means and what to do about it.
	Text string
}

// ProblemKinds are all kinds of problems, in order of status.
func ProblemKinds() []ProblemKind {
	return []ProblemKind{
		{"malformed", http.StatusBadRequest, "The request cannot be read: broken JSON, a wrong header field, a bad escape. Send it in the form that the call asks for."},
		{"unauthenticated", http.StatusUnauthorized, "The call needs a token, or the token is not good here and now. Send one: Authorization: Bearer TOKEN."},
		{"denied", http.StatusForbidden, "The token is good, but its role may not do this. Ask somebody who may."},
		{"not-found", http.StatusNotFound, "There is no such thing, or the caller may not see it."},
		{"method-not-allowed", http.StatusMethodNotAllowed, "There is something at this address, but not for this method. The header field Allow lists those that it takes."},
		{"conflict", http.StatusConflict, "Something that is there already holds what is asked for. Choose another value, or change what holds it."},
		{"pending", http.StatusConflict, "A request with the same Idempotency-Key is being worked on. Send the same request again after Retry-After: it gets that one's answer."},
		{"stale", http.StatusPreconditionFailed, "It was changed since it was read. Read it again and send the change with the new version in If-Match."},
		{"too-large", http.StatusRequestEntityTooLarge, "The request is larger than what is taken. Send less; the detail says how much."},
		{"unsupported-media-type", http.StatusUnsupportedMediaType, "The Content-Type is none that the call takes. The detail lists those that it takes."},
		{"misdirected", http.StatusMisdirectedRequest, "No site of this installation answers to the host name of the request."},
		{"invalid", http.StatusUnprocessableEntity, "The request can be read, but a value in it is refused. The list of errors names each field and what is wrong with it."},
		{"unconditional", http.StatusPreconditionRequired, "The call changes a version and must say which: send its number in If-Match, in quotes."},
		{"exhausted", http.StatusTooManyRequests, "The caller asks too much. Come back later, and less often."},
		{"internal", http.StatusInternalServerError, "Something went wrong on our side. The trace finds the request in the logs."},
		{"unavailable", http.StatusServiceUnavailable, "Something that the answer needs does not answer. The same request may work in a moment: see Retry-After."},
	}
}
