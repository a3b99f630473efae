// Checks a log's checkpoint and proofs with golang.org/x/mod/sumdb, which knows nothing of this project.
//
//	verify        reads a document (see Document); prints nothing, or the first thing that is wrong
//	verify open   reads a vkey and notes; prints for each whether note.Open accepts it
//	verify sign   reads a name and a text; prints a new key pair and the text signed with it
//
// All of them read one JSON value from standard input.
package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"crypto/rand"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// A Document is what a log says of itself.
type Document struct {
	Vkey        string
	Checkpoint  string
	Inclusion   []Inclusion
	Consistency []Consistency
	Tiles       map[string][]byte // by their path; if there are any, proofs are also made from them
}

// An Inclusion says that a leaf is in the checkpoint's tree.
type Inclusion struct {
	Index int64
	Leaf  []byte
	Proof tlog.RecordProof
}

// A Consistency says that the checkpoint's tree begins with an earlier one.
type Consistency struct {
	OldSize int64     `json:"old_size"`
	OldRoot tlog.Hash `json:"old_root"`
	Proof   tlog.TreeProof
}

func main() {
	command := ""
	if len(os.Args) > 1 {
		command = os.Args[1]
	}
	var err error
	switch command {
	case "":
		err = verify()
	case "open":
		err = open()
	case "sign":
		err = sign()
	default:
		err = errors.New("no such command")
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

func read(value any) error {
	decoder := json.NewDecoder(os.Stdin)
	decoder.DisallowUnknownFields()
	return decoder.Decode(value)
}

func verify() error {
	var document Document
	if err := read(&document); err != nil {
		return fmt.Errorf("document: %w", err)
	}
	tree, err := openCheckpoint(document.Checkpoint, document.Vkey)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	var hashes tlog.HashReader
	if document.Tiles != nil {
		hashes = tlog.TileHashReader(tree, tiles(document.Tiles))
	}
	for _, one := range document.Inclusion {
		if err := one.check(tree, hashes); err != nil {
			return fmt.Errorf("inclusion of %d: %w", one.Index, err)
		}
	}
	for _, one := range document.Consistency {
		if err := one.check(tree, hashes); err != nil {
			return fmt.Errorf("consistency with %d: %w", one.OldSize, err)
		}
	}
	return nil
}

// openCheckpoint is tlog.ParseTree for an origin other than Go's own.
func openCheckpoint(signed, vkey string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open([]byte(signed), note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[3] != "" || lines[0] != verifier.Name() {
		return tlog.Tree{}, errors.New("not three lines of this origin")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != lines[1] || size < 0 {
		return tlog.Tree{}, errors.New("malformed size")
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tlog.Tree{}, errors.New("malformed root")
	}
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], root)
	return tree, nil
}

func (one Inclusion) check(tree tlog.Tree, hashes tlog.HashReader) error {
	if err := tlog.CheckRecord(one.Proof, tree.N, tree.Hash, one.Index, tlog.RecordHash(one.Leaf)); err != nil {
		return err
	}
	if hashes == nil {
		return nil
	}
	made, err := tlog.ProveRecord(tree.N, one.Index, hashes)
	if err != nil {
		return err
	}
	return same(made, one.Proof)
}

func (one Consistency) check(tree tlog.Tree, hashes tlog.HashReader) error {
	if err := tlog.CheckTree(one.Proof, tree.N, tree.Hash, one.OldSize, one.OldRoot); err != nil {
		return err
	}
	if hashes == nil {
		return nil
	}
	made, err := tlog.ProveTree(tree.N, one.OldSize, hashes)
	if err != nil {
		return err
	}
	return same(made, one.Proof)
}

func same(made, given []tlog.Hash) error {
	if len(made) != len(given) {
		return errors.New("the tiles give a proof of another length")
	}
	for i := range made {
		if made[i] != given[i] {
			return errors.New("the tiles give another proof")
		}
	}
	return nil
}

// tiles are read by the paths of C2SP tlog-tiles, which leave out the height that Go's have.
type tiles map[string][]byte

func (t tiles) Height() int { return 8 }

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, ok := t[path]
		if !ok {
			return nil, fmt.Errorf("no %s", path)
		}
		found = append(found, data)
	}
	return found, nil
}

func (t tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func open() error {
	var input struct {
		Vkey  string
		Notes []string
	}
	if err := read(&input); err != nil {
		return err
	}
	verifier, err := note.NewVerifier(input.Vkey)
	if err != nil {
		return err
	}
	accepted := make([]bool, len(input.Notes))
	for i, signed := range input.Notes {
		_, err := note.Open([]byte(signed), note.VerifierList(verifier))
		accepted[i] = err == nil
	}
	return json.NewEncoder(os.Stdout).Encode(accepted)
}

func sign() error {
	var input struct{ Name, Text string }
	if err := read(&input); err != nil {
		return err
	}
	skey, vkey, err := note.GenerateKey(rand.Reader, input.Name)
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return err
	}
	signed, err := note.Sign(&note.Note{Text: input.Text}, signer)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]string{"skey": skey, "vkey": vkey, "note": string(signed)})
}
