package api

// exampleOfTags is that of a call about tags or of a search.
func exampleOfTags(operationID string) example {
	switch operationID {
	case "TagsService_ListTags":
		return example{query: "?order=count&prefix=tran", answer: `{"tags": [` + tagExample + `], "next_page_token": "", "total": 1}`}
	case "TagsService_GetTag":
		return example{answer: tagExample}
	case "TagsService_DescribeTag":
		return example{body: `{"description":"Trains, trams and roads.","names":{"fr":"Transports"},"parent":"public-works"}`, answer: operationExample}
	case "TagsService_RenameTag":
		return example{required: []string{"name"}, body: `{"name":"Public transport"}`, answer: operationExample}
	case "TagsService_MergeTag":
		return example{required: []string{"into"}, body: `{"into":"public-transport"}`, answer: operationExample}
	case "TagsService_SplitTag":
		return example{
			required: []string{"parts"}, answer: operationExample,
			body: `{"parts":[{"name":"Rail","q":"train OR station","aliases":["Trains"]},{"name":"Roads","q":"road"}]}`,
		}
	case "TagsService_ListTagOperations":
		return example{query: "?slug=public-transport", answer: `{"operations": [` + operationExample + `], "next_page_token": ""}`}
	case "TagsService_GetTagOperation", "TagsService_UndoTagOperation":
		return example{answer: operationExample}
	case "TagsService_ListTaggedPosts":
		return example{query: "?not=news"}
	case "TagsService_Search":
		return example{query: "?q=%22stone+walls%22+garden&tag=walks&not=news&language=en&since=2020", answer: searchExample}
	case "TagsService_Suggest":
		return example{query: "?q=stone+wa", answer: `{"queries": ["stone walls"], "tags": [` + tagExample + `], "posts": []}`}
	case "TagsService_SuggestTags":
		return example{body: `{"title":"By night train to Vienna","body":"The sleeping car leaves at **eight**.","language":"en"}`, answer: `{"tags": [` + tagExample + `]}`}
	}
	return example{}
}

const tagExample = `{
  "slug": "public-transport", "name": "Public transport", "count": 42, "id": "01a2088a-7001-7c3e-9f10-3c5a7be0d201", "version": 3,
  "description": "Trains, trams and roads.", "names": {"fr": "Transports"}, "colour": "#a03c28", "image": "", "image_alt": "",
  "aliases": ["Transport"], "parent": "public-works", "internal": false, "former_slugs": ["transport"], "children": ["rail"], "inherited": false
}`

const operationExample = `{
  "id": "01a2088a-7a10-7d5b-8a4e-1f2c9d3e4b5a", "kind": "renamed", "state": "running", "slugs": ["transport"], "into": ["public-transport"],
  "undid": "", "posts": 42, "posts_done": 17, "at": "2026-11-23T09:30:00Z", "by": "Ada",
  "tags": [` + tagExample + `]
}`

const searchExample = `{
  "posts": [
    {
      "id": "01a2088a-6840-7ebd-8f88-a8ce2383345e", "slug": "three-lakes", "title": "Three lakes", "language": "en",
      "published_at": "2026-11-23T09:30:00Z", "authors": ["Ada"], "tags": [{"slug": "walks", "name": "Walks"}],
      "title_html": "Three lakes", "snippet_html": "… past the <mark>stone</mark> <mark>walls</mark> of the old <mark>garden</mark> …"
    }
  ],
  "next_page_token": "", "total": 1,
  "facets": [{"slug": "lakes", "name": "Lakes", "count": 1}],
  "authors": [{"value": "ada", "name": "Ada", "count": 1}], "languages": [{"value": "en", "name": "English", "count": 1}],
  "years": [{"value": "2026", "name": "2026", "count": 1}],
  "did_you_mean": "", "did_you_mean_html": "", "problem": null, "position": {"epoch": 1, "pos": "41"}, "ignored": []
}`
