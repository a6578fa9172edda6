using Becket.Sources;
using Becket.Tests.Blocks.Sources;

namespace Becket.Tests.Program;

/// <summary>The four ways in which nbdkit's parameters take a secret.</summary>
public sealed class SecretWordTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Path => System.IO.Path.Combine(_folder.Path, "secret");

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("hidden")]
    [InlineData("hidden\n")]
    [InlineData("hidden\r\n")]
    public void A_file_holds_it_on_one_line(string content)
    {
        Write(content, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var word = SecretWord.Read("secret_key", "+" + Path);

        Assert.Equal(("hidden", false, null), (word.Value, word.WasShown, word.OpenFile));
    }

    [Theory]
    [InlineData(UnixFileMode.GroupRead)]
    [InlineData(UnixFileMode.OtherRead)]
    public void A_file_that_others_may_read_is_named(UnixFileMode more)
    {
        Write("hidden", UnixFileMode.UserRead | more);

        Assert.Equal(Path, NbdkitParameters.Parse(["access_key=A", "secret_key=+" + Path]).OpenSecretFile);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("first\nsecond\n")]
    public void A_file_with_anything_else_is_refused_without_being_quoted(string content)
    {
        Write(content, UnixFileMode.UserRead);
        var error = Assert.Throws<CommandException>(() => SecretWord.Read("secret_key", "+" + Path));

        Assert.DoesNotContain("first", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("secret")]
    [InlineData("+JalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")]
    public void A_secret_may_stand_there_itself_and_begin_with_a_plus_sign_as_those_of_AWS_do(string text)
    {
        var word = SecretWord.Read("secret_key", text);

        Assert.Equal((text, true), (word.Value, word.WasShown));
    }

    [Theory]
    [InlineData("+/no/such/file", "no/such/file")]
    [InlineData("+", "cannot be read")]
    [InlineData("-0", "descriptor 0 is in use")]
    [InlineData("-secret", "takes the number")]
    [InlineData("-999999", "cannot be read")]
    public void What_cannot_be_read_is_an_error(string word, string message) =>
        Assert.Contains(
            message, Assert.Throws<CommandException>(() => SecretWord.Read("secret_key", word)).Message, StringComparison.Ordinal);

    [Fact]
    public void It_is_never_printed() =>
        Assert.DoesNotContain("hidden", SecretWord.Read("secret_key", "hidden").ToString(), StringComparison.Ordinal);

    private void Write(string content, UnixFileMode mode)
    {
        File.WriteAllText(Path, content);
        File.SetUnixFileMode(Path, mode);
    }
}
