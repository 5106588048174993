import Testing

@testable import Commands

@Suite("The home folder in the words of a command line")
struct HomeFolderTests {
  @Test(
    "It stands for a tilde at the beginning of a word or of an option's value, and for no other",
    arguments: [
      ("~", "~"), ("~/runs", "/home/me/runs"), ("--output=~/runs", "--output=/home/me/runs"),
      ("--output=~", "--output=~"), ("--title=a ~/b", "--title=a ~/b"),
      ("~other/x", "~other/x"),
      ("--set=a=~/b", "--set=a=~/b"), ("./~/x", "./~/x"), ("~x", "~x"), ("", ""), ("--", "--"),
    ])
  func expanding(word: String, wanted: String) {
    #expect(HomeFolder.expanding(word, home: "/home/me") == wanted)
  }

  @Test("Without HOME it is the one that the system has for the user")
  func withoutHome() {
    #expect(HomeFolder.expanding("~/x", home: nil).hasSuffix("/x"))
    #expect(HomeFolder.expanding("~/x", home: "").hasPrefix("/"))
  }
}
