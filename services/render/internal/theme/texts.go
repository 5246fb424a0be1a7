package theme

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// texts are the interface's words in one language.
type texts struct {
	Skip, Main, Home, Tags, Feed                  string
	Recent, Featured, FollowUs, SearchByTags      string
	AllTags, Contents, Pages, Newer, Older        string
	Nothing, NoTags, NoneWithAll, Narrowed        string
	NotFound, NotFoundLead, Gone, GoneLead        string
	BackHome, and, minutes, without, page, pageOf string
	onePost, manyPosts                            string
	// zeroIsOne: French counts none with the words for one.
	zeroIsOne bool
	months    [12]string
	first     string
}

func french() texts {
	return texts{
		Skip: "Aller au contenu", Main: "Principale", Home: "Accueil", Tags: "Étiquettes", Feed: "Flux RSS",
		Recent: "Articles récents", Featured: "À la une", FollowUs: "Nous suivre", SearchByTags: "Chercher par étiquette",
		AllTags: "Toutes les étiquettes", Contents: "Sommaire", Pages: "Pages", Newer: "Plus récents", Older: "Plus anciens",
		Nothing: "Rien n’est encore paru.", NoTags: "Aucun article ne porte encore d’étiquette.",
		NoneWithAll: "Aucun article ne porte toutes ces étiquettes.", Narrowed: "Retirer une étiquette",
		NotFound: "Page introuvable", NotFoundLead: "Il n’y a rien à cette adresse. Le lien que vous avez suivi est peut-être incomplet.",
		Gone: "Article indisponible", GoneLead: "Cet article n’est plus disponible.",
		BackHome: "Retour à l’accueil", and: "et", minutes: "%d\u00a0min de lecture", without: "Sans « %s »",
		page: "Page %d", pageOf: "Page %d sur %d", onePost: "%d article", manyPosts: "%d articles", zeroIsOne: true,
		months: [...]string{
			"janvier", "février", "mars", "avril", "mai", "juin",
			"juillet", "août", "septembre", "octobre", "novembre", "décembre",
		},
		first: "1er",
	}
}

func english() texts {
	return texts{
		Skip: "Skip to content", Main: "Main", Home: "Home", Tags: "Tags", Feed: "RSS feed",
		Recent: "Recent posts", Featured: "Featured posts", FollowUs: "Follow us", SearchByTags: "Search by tags",
		AllTags: "All tags", Contents: "Contents", Pages: "Pages", Newer: "Newer", Older: "Older",
		Nothing: "Nothing is published yet.", NoTags: "No post carries a tag yet.",
		NoneWithAll: "No post carries all of these tags.", Narrowed: "Remove a tag",
		NotFound: "Page not found", NotFoundLead: "There is nothing at this address. The link that led here may be incomplete.",
		Gone: "Post unavailable", GoneLead: "This post is no longer available.",
		BackHome: "Back to the home page", and: "and", minutes: "%d\u00a0min read", without: "Without “%s”",
		page: "Page %d", pageOf: "Page %d of %d", onePost: "%d post", manyPosts: "%d posts",
		months: [...]string{
			"January", "February", "March", "April", "May", "June",
			"July", "August", "September", "October", "November", "December",
		},
		first: "1",
	}
}

// voice speaks to readers in a site's language and time zone.
type voice struct {
	texts

	zone *time.Location
}

// newVoice is the voice of a site. A language without texts is spoken to in
// English, an unknown zone is UTC.
func newVoice(language, zone string) *voice {
	v := &voice{texts: english(), zone: time.UTC}
	if isFrench(language) {
		v.texts = french()
	}
	if loc, err := time.LoadLocation(zone); err == nil {
		v.zone = loc
	}
	return v
}

// Date is a day as people write it.
func (v *voice) Date(t time.Time) string {
	t = t.In(v.zone)
	day := strconv.Itoa(t.Day())
	if t.Day() == 1 {
		day = v.first
	}
	return fmt.Sprintf("%s %s %d", day, v.months[t.Month()-1], t.Year())
}

// Stamp is a time for programs.
func (v *voice) Stamp(t time.Time) string { return t.In(v.zone).Format(time.RFC3339) }

// Minutes is a reading time.
func (v *voice) Minutes(n int) string { return fmt.Sprintf(v.minutes, n) }

// Posts is a number of posts.
func (v *voice) Posts(n int) string {
	if n == 1 || n == 0 && v.zeroIsOne {
		return fmt.Sprintf(v.onePost, n)
	}
	return fmt.Sprintf(v.manyPosts, n)
}

// Page is the name of a page of a list.
func (v *voice) Page(n int) string { return fmt.Sprintf(v.page, n) }

// PageOf is the name of a page among how many.
func (v *voice) PageOf(n, of int) string { return fmt.Sprintf(v.pageOf, n, of) }

// Without names a list that does not ask for a tag.
func (v *voice) Without(name string) string { return fmt.Sprintf(v.without, name) }

// List joins names as a sentence does.
func (v *voice) List(names []string) string {
	switch n := len(names); n {
	case 0:
		return ""
	case 1:
		return names[0]
	default:
		return strings.Join(names[:n-1], ", ") + " " + v.and + " " + names[n-1]
	}
}

// isRTL tells whether a language is written from right to left.
func isRTL(language string) bool {
	base, _, _ := strings.Cut(strings.ToLower(language), "-")
	switch base {
	case "ar", "dv", "fa", "he", "ks", "ku", "ps", "sd", "ug", "ur", "yi":
		return true
	}
	return false
}
