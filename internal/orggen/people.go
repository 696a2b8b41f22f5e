package orggen

import (
	"fmt"
	"slices"
	"time"

	"muster/internal/access"
	"muster/internal/orggen/draw"
	"muster/internal/orggen/export"
	"muster/internal/orggen/model"
	"muster/internal/orggen/names"
	"muster/internal/orggen/policy"
)

const (
	strangeDept  = "Special Projects" // in no list of departments
	managerEvery = 9                  // one of so many is a manager
)

// staffing is what must be known of everybody before anybody can be made: who leads, who shares a name, whose facts are planted.
// It costs about ten bytes a person.
type staffing struct {
	book     *names.Book
	depts    []policy.Department
	weights  []int    // cumulative
	loginNo  []uint32 // how many persons before had the same login base
	addrNo   []uint32 // and the same address base
	leads    [][]int  // managers by department
	planted  map[int]planted
	byPlant  map[string][]int
	shared   map[int][]int // HR shows the address of person i in the rows of these persons
	headsEnd int           // persons below it are the chief executive and the heads of departments
}

// planted is the part that a person plays.
type planted struct {
	*scenario
	k int // the how many-eth of it
}

func newStaffing(seed int64, n int) (*staffing, error) {
	book, err := names.Open()
	if err != nil {
		return nil, err
	}
	depts, err := policy.Departments()
	if err != nil {
		return nil, err
	}
	s := &staffing{book: book, depts: depts, loginNo: make([]uint32, n), addrNo: make([]uint32, n), leads: make([][]int, len(depts)),
		planted: map[int]planted{}, byPlant: map[string][]int{}, shared: map[int][]int{}, headsEnd: len(depts) + 1}
	sum := 0
	for _, d := range depts {
		sum += d.Weight
		s.weights = append(s.weights, sum)
	}
	logins := make([]uint32, 26*book.FamilyKeys)
	addresses := make([]uint32, book.GivenKeys*book.FamilyKeys)
	var staff []int
	for i := range n {
		r := draw.New(seed, "person", uint64(i))
		given, family := book.Pick(r.Next())
		l, a := int(given.ASCII[0]-'a')*book.FamilyKeys+family.Key, given.Key*book.FamilyKeys+family.Key
		s.loginNo[i], s.addrNo[i] = logins[l], addresses[a]
		logins[l]++
		addresses[a]++
		switch {
		case i < s.headsEnd:
		case s.manages(i):
			d := s.pickDept(r)
			s.leads[d] = append(s.leads[d], i)
		default:
			staff = append(staff, i)
		}
	}
	draw.Shuffle(draw.New(seed, "plants", uint64(n)), staff)
	return s, s.plant(staff, n)
}

// plant hands out the scenarios.
func (s *staffing) plant(staff []int, n int) error {
	for _, sc := range scenarios() {
		count := max(sc.least, int(sc.permille*float64(n)/1000+0.5))
		if n >= 1000 {
			count = max(count, 3)
		}
		if sc.most > 0 {
			count = min(count, sc.most)
		}
		if count > len(staff) {
			return fmt.Errorf("plant drift: %d persons are too few to plant every kind of drift; take 200 or more", n)
		}
		for k, i := range staff[:count] {
			s.planted[i] = planted{scenario: &sc, k: k}
		}
		s.byPlant[sc.name] = staff[:count]
		staff = staff[count:]
	}
	for _, name := range []string{"same-address", "same-address-left"} {
		list := s.byPlant[name]
		for k := 0; k+1 < len(list); k += 2 {
			s.shared[list[k]] = []int{list[k], list[k+1]}
			s.shared[list[k+1]] = []int{}
		}
	}
	return nil
}

// holders gives the persons in whose HR row the address of person i stands.
func (s *staffing) holders(i int) []int {
	if list, ok := s.shared[i]; ok {
		return list
	}
	return []int{i}
}

func (s *staffing) manages(i int) bool { return i >= s.headsEnd && (i-s.headsEnd)%managerEvery == 0 }

func (s *staffing) pickDept(r *draw.Random) int {
	x := r.Below(s.weights[len(s.weights)-1])
	for d, w := range s.weights {
		if x < w {
			return d
		}
	}
	return 0
}

func workerID(i int) string { return fmt.Sprintf("W-%05d", i+1) }

// person makes person i's HR facts, without what a scenario changes. They depend on the seed and i alone.
func (g *generator) person(i int) *model.Person {
	r := draw.New(g.opt.Seed, "person", uint64(i))
	given, family := g.staff.book.Pick(r.Next())
	dept := g.staff.pickDept(r)
	p := &model.Person{Index: i, AddressOf: i, Head: i == 0}
	p.ID = workerID(i)
	p.GivenName, p.FamilyName = given.Latin, family.Latin
	p.DisplayName = given.Latin + " " + family.Latin
	if given.Foreign() && family.Foreign() && r.Chance(300) {
		p.DisplayName = given.Native + " " + family.Native
	}
	p.Username = names.Numbered(given.ASCII[:1]+family.ASCII, g.staff.loginNo[i])
	p.Local = names.Numbered(given.ASCII+"."+family.ASCII, g.staff.addrNo[i])
	switch {
	case given.Foreign() && family.Foreign() && r.Chance(150):
		p.Local = names.Numbered(names.Spelled(given.Native)+"."+names.Spelled(family.Native), g.staff.addrNo[i])
	case r.Chance(330):
		p.Local = names.Numbered(names.Spelled(given.Latin)+"."+names.Spelled(family.Latin), g.staff.addrNo[i])
	}
	p.Email = p.Local + "@" + export.Domain
	p.UPN = p.Username + "@corp." + export.Domain
	p.Company, p.EmploymentType, p.Status = "Acme", access.Employee, access.StatusActive
	p.Location = policy.Locations()[min(r.Below(9), 6)]
	g.place(p, dept, r)
	p.CostCentre = g.costCentre(p.Department)
	p.StartDate = g.day(-r.Between(200, 4000))
	if r.Chance(250) {
		p.StartDate = g.day(-r.Between(200, 730))
	}
	_, isPlanted := g.staff.planted[i]
	if i >= g.staff.headsEnd && !g.staff.manages(i) && !isPlanted {
		g.lifecycle(p, r)
	}
	return p
}

// place puts a person into the tree.
func (g *generator) place(p *model.Person, dept int, r *draw.Random) {
	d := g.staff.depts[dept]
	switch {
	case p.Index == 0:
		p.Department, p.Title = policy.Executive, "Chief Executive Officer"
		return
	case p.Index < g.staff.headsEnd:
		d = g.staff.depts[p.Index-1]
		p.Title, p.ManagerID = "Head of "+d.Name, workerID(0)
	case g.staff.manages(p.Index):
		p.Title, p.ManagerID = d.Name+" Manager", workerID(dept+1)
	default:
		p.Title, p.ManagerID = d.Titles[r.Below(len(d.Titles))], g.lead(dept, r)
	}
	p.Department = d.Name
}

// costCentre numbers the departments; the executive office is 1000.
func (g *generator) costCentre(name string) string {
	at := slices.IndexFunc(g.staff.depts, func(d policy.Department) bool { return d.Name == name })
	return fmt.Sprintf("CC-%04d", 1010+10*at)
}

// lead picks a manager of a department, or its head when it has none.
func (g *generator) lead(dept int, r *draw.Random) string {
	if list := g.staff.leads[dept]; len(list) > 0 {
		return workerID(list[r.Below(len(list))])
	}
	return workerID(dept + 1)
}

// lifecycle gives an ordinary person their place in two years of joining, moving, leaving and coming back.
func (g *generator) lifecycle(p *model.Person, r *draw.Random) {
	switch x := r.Below(1000); {
	case x < 90:
		p.EmploymentType, p.EndDate = access.Contractor, g.day(r.Between(5, 330))
		p.Company = "Contoso Partners"
	case x < 115:
		p.EmploymentType, p.EndDate, p.StartDate = access.Intern, g.day(r.Between(10, 150)), g.day(-r.Between(10, 90))
	}
	switch x := r.Below(1000); {
	case x < 70: // left within two years
		p.Status, p.EndDate = access.StatusTerminated, g.day(-r.Between(1, 730))
		p.StartDate = p.EndDate.AddDate(0, 0, -r.Between(60, 2500))
	case x < 90:
		p.Status = access.StatusLeave
	case x < 105: // signed, not yet here
		p.Status, p.StartDate = access.StatusPrehire, g.day(r.Between(1, 40))
		if !p.EndDate.IsZero() {
			p.EndDate = g.day(r.Between(120, 400))
		}
	case x < 165: // joined lately, or came back
		if p.EmploymentType != access.Intern {
			p.StartDate = g.day(-r.Between(1, 120))
		}
	case x < 180: // leaves soon
		if p.EmploymentType == access.Employee {
			p.EndDate = g.day(r.Between(1, 60))
		}
	}
}

// day is a date relative to today.
func (g *generator) day(n int) time.Time { return g.today.AddDate(0, 0, n) }
