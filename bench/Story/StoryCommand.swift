import Net

/// `portico-bench scenario`: stories of things that go wrong, with what must be true all the same.
enum StoryCommand {
    static var help: String {
        """
        portico-bench scenario [--portico PATH] STORY …

        Takes the steps of each file and tells what came of them. The exit status is 1 if an assertion does not
        hold, 2 if a step could not be taken. Steps:

          gateway NAME [words]          a canned gateway, with the words of "portico-bench gateway"
          start NAME portico|nginx FILE   a server with a configuration; in it {port} is its own port, {folder} a
                                        folder of its own, and {NAME} the address of another process
          load NAME words               a load with the words of "portico-bench load", {NAME} in its URL; it goes on
                                        while the next steps are taken. Its requests are numbered.
          sleep TIME                    wait NAME: until a load has ended
          kill NAME   stop NAME         ends a process at once, or as it should end
          pause NAME  resume NAME       stops it from running, and lets it go on
          restart NAME                  starts a killed or stopped one again on its port
          reload NAME [FILE]            its configuration is read anew, another one if FILE is given
          slow NAME TIME                a gateway answers so much later
          fail NAME PERCENT             a gateway answers so many of a hundred requests with 500
          assert NAME METRIC OP VALUE   of a load: any number of its JSON report, or errors; of a gateway: requests;
                                        of all: duplicates, requests that came to gateways more than once.
                                        OP is one of < <= == >= >; a time is compared in microseconds.
        """
    }

    static func run(_ words: [String]) -> Int32 {
        if words.contains("--help") || words.contains("-h") || words.isEmpty {
            Output.print(help)
            return words.isEmpty ? 2 : 0
        }
        do {
            var portico = CompareCommand.ownFolder + "/portico"
            var missed = 0
            var stories: [Story] = []
            var rest = words[...]
            while let word = rest.popFirst() {
                if word == "--portico", let path = rest.popFirst() {
                    portico = path
                } else if word.hasPrefix("-") {
                    throw LoadOptions.Complaint(text: "there is no option \(word)")
                } else {
                    stories.append(try Story(path: word))
                }
            }
            for story in stories { missed += try StoryRun(story, portico: portico).run() }
            return missed == 0 ? 0 : 1
        } catch let complaint as LoadOptions.Complaint {
            Output.complain(complaint.text)
        } catch {
            Output.complain("\(error)")
        }
        return 2
    }
}
