using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Reflection;

namespace Becket.Commands;

/// <summary>
/// <c>--help</c> that leads with examples: for the program a text that fits a screen, for a command its examples and then
/// its options.
/// </summary>
internal sealed class ExamplesFirstHelp(HelpAction inner) : SynchronousCommandLineAction
{
    private const string Program = """
        becket - loop mount objects: an object in S3, a URL or a file becomes a block device

        Examples:
          becket serve s3://bucket/fedora.iso -U /tmp/sock      serve an object on a unix socket
          nbdcopy nbd+unix:///?socket=/tmp/sock disk.img        ... and read it with any NBD client
          becket serve --run 'nbdinfo "$uri"' s3://bucket/key   serve it for one command
          becket serve https://host/image.raw -p 10809          a file on a web server, over TCP
          becket info s3://bucket/key --json                    size, ETag, version, content
          becket dev-s3 ./folder                                a small S3 endpoint to try things on

        Commands:
          serve        serve objects, URLs or files as NBD exports
          info         show what an object, URL, file or NBD server holds
          dev-s3       serve a folder as an S3 endpoint, for demos and tests
          completions  print the completion script for bash, zsh or fish

        Options: -v (say what happens), --version, --help; 'becket COMMAND --help' for more.
        Credentials come from where the AWS CLI has them; --endpoint-url names another store.

        """;

    private const string Serve = """
        Examples:
          becket serve s3://bucket/fedora.iso -U /tmp/sock
          becket serve s3://bucket/key --endpoint-url http://rgw:7480 --profile lab -p 10809
          becket serve --export iso=s3://bucket/a.iso --export disk=./disk.img
          becket serve --run 'qemu-img info "$uri"' https://host/image.raw
          nbdcopy -- [ becket serve -s s3://bucket/key ] disk.img

        """;

    private const string Info = """
        Examples:
          becket info s3://bucket/key
          becket info --json https://host/image.raw
          becket info nbd+unix:///?socket=/tmp/sock

        """;

    private const string DevS3 = """
        Examples:
          mkdir -p folder/bucket && cp disk.img folder/bucket/
          becket dev-s3 ./folder
          becket dev-s3 ./folder --port 9000 --access-key me --secret-key mine

        """;

    public override int Invoke(ParseResult parseResult)
    {
        var output = parseResult.InvocationConfiguration.Output;
        var command = parseResult.CommandResult.Command;
        if (command is RootCommand)
        {
            output.Write(Program);
            return ExitCode.Success;
        }

        output.WriteLine(command.Name switch { "serve" => Serve, "info" => Info, "dev-s3" => DevS3, _ => "" });
        return inner.Invoke(parseResult);
    }
}

/// <summary><c>--version</c>.</summary>
internal sealed class VersionAction : SynchronousCommandLineAction
{
    public override int Invoke(ParseResult parseResult)
    {
        var version = typeof(VersionAction).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
        parseResult.InvocationConfiguration.Output.WriteLine($"becket {version.Split('+')[0]}");
        return ExitCode.Success;
    }
}
