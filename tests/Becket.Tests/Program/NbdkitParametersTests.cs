using Becket.Sources;

namespace Becket.Tests.Program;

public class NbdkitParametersTests
{
    [Fact]
    public void The_words_of_nbdkits_plugin_name_an_object_and_its_credentials()
    {
        var parameters = NbdkitParameters.Parse(
        [
            "access_key=XYZ", "secret_key=a=b", "session_token=T",
            "bucket=my_files", "key=fedora-28.iso", "endpoint_url=http://rgw:7480",
        ]);

        Assert.Equal("my_files", parameters.Object!.Bucket);
        Assert.Equal("fedora-28.iso", parameters.Object.Key);
        Assert.Equal("http://rgw:7480", parameters.EndpointUrl);
        var credentials = parameters.Credentials!;
        Assert.Equal(("XYZ", "a=b", "T"), (credentials.AccessKey, credentials.SecretKey, credentials.SessionToken));
        Assert.True(parameters.HasSecret);
    }

    [Fact]
    public void Dashes_and_underscores_are_the_same() =>
        Assert.Equal("http://rgw", NbdkitParameters.Parse(["endpoint-url=http://rgw"]).EndpointUrl);

    [Theory]
    [InlineData("bucket=b", true)]
    [InlineData("no_such=1", true)]
    [InlineData("./a=b.img", false)]
    [InlineData("s3://bucket/key=value", false)]
    [InlineData("disk.img", false)]
    [InlineData("=", false)]
    public void A_word_with_a_plain_name_before_its_equals_sign_is_a_parameter(string word, bool isParameter) =>
        Assert.Equal(isParameter, NbdkitParameters.IsParameter(word));

    [Theory]
    [InlineData("unknown parameter 'no_such='", "no_such=1")]
    [InlineData("given twice", "bucket=a", "bucket=b", "key=k")]
    [InlineData("without key=", "bucket=a")]
    [InlineData("without key=", "bucket=a", "key=")]
    [InlineData("without bucket=", "key=a")]
    public void Wrong_words_are_a_usage_error_that_names_them(string message, params string[] words)
    {
        var error = Assert.Throws<CommandException>(() => NbdkitParameters.Parse(words));

        Assert.Equal(ExitCode.Usage, error.ExitCode);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("access_key=A")]
    [InlineData("secret_key=S")]
    public void Half_a_pair_of_keys_is_a_usage_error(string word) =>
        Assert.Throws<CommandException>(() => NbdkitParameters.Parse([word]).Credentials);
}
