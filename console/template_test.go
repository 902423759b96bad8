package console_test

import (
	"fmt"
	"html/template"
	"reflect"
	"testing"
	"text/template/parse"

	"github.com/seed-2a059015/gatehouse/console"
)

// Templates are typed by reflection only when they run, and only where they run. This types all of them, every branch.
func TestTemplatesAndStructsKnowEachOther(t *testing.T) {
	t.Parallel()
	templates, err := console.Templates()
	if err != nil {
		t.Fatal(err)
	}
	for file, page := range console.Every() {
		c := &typing{of: templates[file], page: reflect.TypeOf(page), used: map[string]bool{}}
		layout := reflect.TypeFor[console.Layout]()
		c.walk(c.of.Tree.Root, layout, layout)
		for _, m := range c.mistakes {
			t.Errorf("template %s: %s", file, m)
		}
		for f := range reflect.TypeOf(page).Fields() {
			if !c.used[c.page.Name()+"."+f.Name] {
				t.Errorf("template %s: nothing shows %s.%s", file, c.page.Name(), f.Name)
			}
		}
	}
}

func TestTypingFindsAMisspeltField(t *testing.T) {
	t.Parallel()
	type row struct{ Name string }
	type page struct {
		Title string
		Rows  []row
	}
	for _, text := range []string{
		"{{.Titel}}", "{{if .Titel}}{{end}}", "{{range .Rows}}{{.Title}}{{end}}", "{{range .Rows}}{{$.Rwos}}{{end}}", "{{with .Title}}{{.Name}}{{end}}",
		"{{or .Titel .Title}}", "{{if false}}{{.Rows.Name}}{{end}}",
	} {
		c := &typing{of: template.Must(template.New("x").Parse(text)), page: reflect.TypeFor[page](), used: map[string]bool{}}
		c.walk(c.of.Tree.Root, c.page, c.page)
		if len(c.mistakes) == 0 {
			t.Errorf("typing found nothing wrong in %s", text)
		}
	}
	c := &typing{of: template.Must(template.New("x").Parse("{{.Title}}{{range .Rows}}{{.Name}}{{$.Title}}{{end}}")), page: reflect.TypeFor[page](), used: map[string]bool{}}
	c.walk(c.of.Tree.Root, c.page, c.page)
	if len(c.mistakes) > 0 {
		t.Errorf("typing a good template = %v, want nothing", c.mistakes)
	}
}

// typing follows the types through one template.
type typing struct {
	of       *template.Template
	page     reflect.Type // what stands behind the interface in the layout
	used     map[string]bool
	mistakes []string
}

func (c *typing) walk(n parse.Node, dot, root reflect.Type) {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return
		}
		for _, child := range n.Nodes {
			c.walk(child, dot, root)
		}
	case *parse.ActionNode:
		c.pipe(n.Pipe, dot, root)
	case *parse.IfNode:
		c.pipe(n.Pipe, dot, root)
		c.walk(n.List, dot, root)
		c.walk(n.ElseList, dot, root)
	case *parse.WithNode:
		c.walk(n.List, c.pipe(n.Pipe, dot, root), root)
		c.walk(n.ElseList, dot, root)
	case *parse.RangeNode:
		list := c.pipe(n.Pipe, dot, root)
		if list == nil || list.Kind() != reflect.Slice {
			c.wrong("range over %v", list)
			return
		}
		c.walk(n.List, list.Elem(), root)
		c.walk(n.ElseList, dot, root)
	case *parse.TemplateNode:
		inner := c.pipe(n.Pipe, dot, root)
		c.walk(c.of.Lookup(n.Name).Tree.Root, inner, inner)
	case *parse.TextNode, *parse.CommentNode:
	default:
		c.wrong("%T is not known to this test", n)
	}
}

// pipe is the type of a pipeline; nil for what a function returns.
func (c *typing) pipe(p *parse.PipeNode, dot, root reflect.Type) reflect.Type {
	if len(p.Decl) > 0 || len(p.Cmds) != 1 {
		c.wrong("%s is not known to this test", p)
		return nil
	}
	args := p.Cmds[0].Args
	var last reflect.Type
	for _, a := range args {
		last = c.argument(a, dot, root)
	}
	if len(args) > 1 {
		return nil
	}
	return last
}

func (c *typing) argument(n parse.Node, dot, root reflect.Type) reflect.Type {
	switch n := n.(type) {
	case *parse.DotNode:
		return dot
	case *parse.FieldNode:
		return c.fields(dot, n.Ident)
	case *parse.VariableNode:
		if n.Ident[0] != "$" {
			c.wrong("the variable %s is not known to this test", n)
			return nil
		}
		return c.fields(root, n.Ident[1:])
	case *parse.PipeNode:
		return c.pipe(n, dot, root)
	case *parse.IdentifierNode, *parse.StringNode, *parse.NumberNode, *parse.BoolNode:
		return nil
	default:
		c.wrong("%T is not known to this test", n)
		return nil
	}
}

func (c *typing) fields(t reflect.Type, names []string) reflect.Type {
	for _, name := range names {
		switch {
		case t == nil:
			c.wrong("%s of a value whose type is not known", name)
			return nil
		case t.Kind() != reflect.Struct:
			c.wrong("%s of a %v", name, t)
			return nil
		}
		c.used[t.Name()+"."+name] = true
		if m, ok := t.MethodByName(name); ok {
			t = m.Type.Out(0)
			continue
		}
		f, ok := t.FieldByName(name)
		if !ok || !f.IsExported() {
			c.wrong("%v has no %s", t, name)
			return nil
		}
		if t = f.Type; t.Kind() == reflect.Interface {
			t = c.page
		}
	}
	return t
}

func (c *typing) wrong(format string, args ...any) {
	c.mistakes = append(c.mistakes, fmt.Sprintf(format, args...))
}
