package gateway_test
import ("testing";"net/http/httptest";"os";"strings";"time")
func TestZZ(t *testing.T){
 f:=start(t)
 page := strings.Repeat("<p>Some text that is not all the same "+strings.Repeat("é", 7)+"</p>\n", pageBytes/64)
 b,_:=os.ReadFile("/work/shared/bench/gen.py"); page=string(b)+string(b)+page
 f.press("main","/posts/a",page,"site")
 bare:=httptest.NewServer(bareServer(t,page)); defer bare.Close()
 os.WriteFile("/tmp/zz.urls",[]byte(bare.URL+" "+f.public.URL),0o644)
 for range 70 { f.beat(t,1); time.Sleep(time.Second); if _,err:=os.Stat("/tmp/zz.stop"); err==nil {return} }
}
